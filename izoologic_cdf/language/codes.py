"""The stable codes of what the loader finds, by which a linter lists and silences it."""

UNREADABLE = "CDF001"
# every finding that names no other code: a key or a shape that the language does not have
SHAPE = "CDF002"
UNKNOWN_TAG = "CDF003"
KEY_TWICE = "CDF004"
UNKNOWN_FILTER = "CDF005"
NO_JINJA = "CDF006"
UNKNOWN_JINJA_FILTER = "CDF007"
UNKNOWN_NAME = "CDF008"
NO_SUCH_TARGET = "CDF009"
METHOD_AS_KEY = "CDF010"
READ_ONCE = "CDF011"
