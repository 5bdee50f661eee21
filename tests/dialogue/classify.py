"""Run by Rasa's Python: reads JSON lists of texts from standard input, one a line; writes [[intent, confidence], …]."""

import asyncio
import json
import sys

from rasa.core.agent import Agent


def main() -> None:
    agent = Agent.load(sys.argv[1])
    loop = asyncio.new_event_loop()
    for line in sys.stdin:
        found = []
        for text in json.loads(line):
            intent = loop.run_until_complete(agent.parse_message(text))["intent"]
            found.append([intent["name"], round(intent["confidence"], 3)])
        sys.stdout.write("RESULT " + json.dumps(found) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
