"""What the models are told, one template a file (``string.Template``: ``$name``)."""
