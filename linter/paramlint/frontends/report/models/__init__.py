"""A verified model as people read it: tables, trees, graphs; findings without a model are not shown here."""
