"""The embedded stack: a real PostgreSQL, S3 + SQS + Secrets Manager, Lambda's event source; one machine."""
