"""What people write to configure a run: data, typed and checked; nothing here knows a rule or reads code."""
