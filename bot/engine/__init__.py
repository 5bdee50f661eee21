"""The only code that Rasa's process imports (Python 3.10): the channel and the tracker store."""
