"""How well scores foretell what retraining without the data does: metrics, and banks of retrained adapters."""
