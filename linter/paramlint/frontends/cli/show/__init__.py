"""`paramlint show`: targets in, tables out; models are built in `symbolic`, from source."""
