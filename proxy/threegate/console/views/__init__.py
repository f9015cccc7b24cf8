"""The answers to visits, by topic; `console.pages` lists them."""
