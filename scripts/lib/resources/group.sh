# Resource: a group of users. It stays when it is dropped: files may be its own.

# resource_group VERB NAME [GID]
resource_group() {
  local entry gid error code
  entry=$(getent group "$2")
  code=$?
  case $1 in
    differs)
      gid=${entry#*:*:}
      gid=${gid%%:*}
      if [ -z "$entry" ]; then
        REASON="is missing"
      elif [ -n "$3" ] && [ "$gid" != "$3" ]; then
        REASON="its gid is $gid, expected $3"
      else
        return 1
      fi
      ;;
    before)
      # 2: there is none (getent(1)).
      case $code in
        0) echo present ;;
        2) echo absent ;;
        *) return 1 ;;
      esac
      ;;
    make)
      if [ -n "$entry" ]; then
        FAILURE="the group $2 is there with another gid than $3, and files may be its own; change it by hand (groupmod), then run again"
        return 1
      fi
      if ! error=$(groupadd ${3:+"--gid=$3"} "$2" 2>&1); then
        FAILURE="cannot make the group $2: ${error##*"$NEWLINE"}"
        return 1
      fi
      ;;
  esac
}
