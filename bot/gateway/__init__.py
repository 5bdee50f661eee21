"""What customers reach: chat API, journal, delivery to Rasa, event streams, pages."""
