"""What is seen on live objects of torch, for scripts/generate-knowledge."""
