"""From many linear claims on the witness to one evaluation of it, and the opening of that evaluation."""
