"""Pages of the review desk: judgements on records, complaints and how good the rules are."""
