"""What several rules ask of a model, each question once; nothing here knows who built it, or what is reported."""
