"""What is kept of customers, for how long, and how it is erased or handed out: docs/privacy.md.

`whose` says which rows of which table are somebody's, `erasing` deletes them with their files and dialogues,
`exporting` hands them out, `worker` deletes what has served its time, `cli` are the commands.
"""
