"""Native documents from the model: what reading them gives again. The inverse of the modules beside this package."""
