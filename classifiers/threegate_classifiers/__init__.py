"""ONNX classifiers: registry, calibration and a runtime that other programs may use by itself.

A *model* is a folder `<name>/<version>/` with `model.onnx`, `tokenizer.json` and `manifest.yaml`.
`runtime.Engine` opens several of them and answers `classify`, `tag` and `entail`. This package
knows nothing of the proxy.
"""
