"""The editors' console: drafts and revisions, review, proving, publishing, imports, gaps (docs/console.md)."""
