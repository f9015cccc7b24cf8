"""The requests and answers of the clients that the service knows, one module each."""
