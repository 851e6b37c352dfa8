"""The distributions that initialisations give, and tests of values against them; nothing here knows a model."""
