"""The API's side: tables, migrations, and the one call that queues a photo. Imports no machine learning."""
