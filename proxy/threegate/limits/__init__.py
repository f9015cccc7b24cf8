"""State that workers share: rate limits and budgets. In this process by default, in Redis when
named."""
