"""Readers of weight files, one format a file.

Each gives ``tensors(file)``: the tensors of an open binary file by name, none of them read yet. A file is
checked against its own header first, nothing in it is run, and reading a tensor allocates that tensor and no
more (ONNX is the exception: its container has to be parsed whole). Whatever is wrong becomes a ``LoadError``
without a path: the caller knows where the bytes came from.
"""
