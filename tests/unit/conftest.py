"""How hard hypothesis tries: the whole unit level stays under half a minute."""

from hypothesis import settings

settings.register_profile("unit", max_examples=200, deadline=None)
settings.register_profile("long", max_examples=3_000, deadline=None)  # --hypothesis-profile long
settings.load_profile("unit")
