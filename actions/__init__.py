"""What the dialogue does beyond talking: search and answer, offer people, fill in and send forms.

Served to Rasa by `python -m actions`.
"""
