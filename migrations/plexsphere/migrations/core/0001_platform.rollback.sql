DROP TABLE sealed_checks, audit_entries, audit_inbox, audit_heads, event_pruned, event_recipients, event_log, event_inbox, event_heads;
