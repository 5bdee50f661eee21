"""The recipe of the bundled encoder: parallel text → vocabulary → distillation → int8 ONNX. See README.md."""
