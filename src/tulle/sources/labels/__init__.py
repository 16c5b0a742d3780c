"""What labels say, wherever they hang: pure, without the systems that have them."""
