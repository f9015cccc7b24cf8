"""What a policy is made of besides rules, as people bring it and as forms show it. Pure."""
