"""Models: public architecture, private weights, integer reference, quantiser and ONNX import."""
