"""The contract of the HTTP API: what each call takes and answers, said beside its handler, and
what is made of that: the OpenAPI document, the page for developers, the table of problem codes."""
