"""One folder a pipeline, each in a namespace of the same name."""
