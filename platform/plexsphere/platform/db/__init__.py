"""PostgreSQL: the pool, the ambient unit of work, the migrator."""
