"""The answers to visits, by topic; `console.routes` lists them."""
