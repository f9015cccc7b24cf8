"""The reviewer's tools: queue, labels, searches, complaints."""
