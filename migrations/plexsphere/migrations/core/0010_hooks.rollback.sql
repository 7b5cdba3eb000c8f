DROP TABLE judged_releases, integrity_violations, hook_baselines, discovered_hooks, announced_actions, node_announcements;
