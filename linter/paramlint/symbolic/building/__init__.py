"""From a unit of code to the model that rules ask; nothing here knows a rule, or how a model is shown."""
