"""The HTTP interface for programs: JSON in, JSON out, problems by RFC 9457."""
