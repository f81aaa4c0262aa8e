"""Does an attribution method foretell what retraining without the data does? A bank of retrained adapters says."""
