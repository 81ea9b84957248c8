# Packet filter rules of this Node's services.

# rules_gone: those that somebody has flushed, as the script of the service that brings them back finds them.
rules_gone() {
  local unit family table
  if [ -x "$ROOT$SCRIPTS_PATH/rule-sets" ] && [ -r "$ROOT$RULE_SETS_PATH" ]; then
    "$ROOT$SCRIPTS_PATH/rule-sets" gone "$ROOT$RULE_SETS_PATH" 2>/dev/null | while read -r unit family table _; do
      printf '%s\n' "rules-gone $unit $family $table"
    done
  fi
}
