"""ModelFactory and serving: examples from accepted contributions, LoRA training, manifests, answers."""
