"""Live conversations: a person is asked for, takes the conversation over, hands it back or closes it.

Who has a conversation is the `owner` in the gateway's journal, which lets the bot say nothing unless it is its own;
what else is known of the person's part stands in a row of `live` (`tables`), changed in the same transactions.
"""
