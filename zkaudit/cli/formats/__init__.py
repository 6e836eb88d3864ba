"""How the judgements of `zkaudit verify` are shown: to a person, as JSON, as JUnit XML, as GitHub annotations."""
