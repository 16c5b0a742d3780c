"""Where documents come from: files, the store. One file each; none knows what a document means."""
