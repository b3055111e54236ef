for (const field of document.querySelectorAll("input[data-filters]")) {
  const rows = document.getElementById(field.dataset.filters).tBodies[0].rows;
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
}
for (const button of document.querySelectorAll("button[data-copies]")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
    button.textContent = "Copied";
  });
}
for (const link of document.querySelectorAll("a[data-opens]")) {
  link.addEventListener("click", () => { document.getElementById(link.dataset.opens).open = true; });
}
for (const box of document.querySelectorAll(".scroll")) {
  const mark = () => {
    box.toggleAttribute("data-more-left", box.scrollLeft > 1);
    box.toggleAttribute("data-more-right", box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
  };
  box.addEventListener("scroll", mark, { passive: true });
  new ResizeObserver(mark).observe(box);
}
