import Testing

@testable import Agent

/// What `query` runs and what it refuses, argv by argv.
@Suite struct PolicyTests {
  @Test(arguments: [
    "grep -rn --include=*.conf pattern /etc", "grep -5 x f", "grep -A3 -B 3 -e x -e y f", "grep --color=always x",
    "grep -c root /etc/passwd",
    "grep -e-f file", "grep --regexp=-x file", "grep -- -f file", "grep -m -1 x f", "rg -n --glob *.c foo src",
    "rg -S -t c -g !x foo", "find . -name *.c -mtime -1 -size +5k ( -type f -o -type d ) ! -empty -print",
    "find -L /var/log -maxdepth 2 -newermt 2026-01-01 -printf %p", "find /etc /usr -perm -444 -ls", "find",
    "ls -la /etc",
    "ls --color=never -I *.bak --sort=time", "tree -L 2 -aP *.c /etc", "tree -d --noreport --filelimit 5", "cat -A f",
    "cat", "cat -",
    "head -5 f", "head -n5 f", "head -n -5 f", "head --lines=5 f g", "head -c 10 /dev/urandom", "tail -n +5 f",
    "tail -20 f", "tail -c5 f",
    "wc -lw f", "wc --total=never f", "sort -k2,2n -t: -u f", "sort -rn --key=1 f", "uniq -c f", "uniq -f1 -w 5",
    "diff -u a b", "diff -U5 -r a b",
    "diff --brief --exclude=*.o a b", "stat -c %s f", "stat --format=%n f", "file -b --mime-type f", "file /dev/zero",
    "ls /dev", "du -sh /var",
    "du -d1 --exclude=*.x /", "df -hT", "df --output=source,size", "true", "hostname", "hostname -f", "uname -a",
    "uptime -p", "whoami",
    "id", "id -un root", "date", "date -u +%s", "date -d @0 +%F", "date --iso-8601=seconds", "date -Iseconds",
    "free -h", "ps aux", "ps -eo pid,args --sort=-rss",
    "ps -ef", "ps -C sshd", "nproc --all", "lsblk -f", "lsblk -o NAME,SIZE -J", "readlink -f /etc/localtime",
    "sha256sum -b f", "cat /dev/null",
    "grep /dev/zero f", "cat /proc/meminfo", "cat /proc/self/status", "cat devices/zero",
    "grep -r x /proc/net", "grep x /", "diff -r /srv/a /srv/b", "rg x /srv", "diff /srv/a /srv/b",
    "grep -d skip x /", "grep -r x /sys/class", "cat /srv/..data/x", "ls /srv/..", "cat proc.txt",
  ])
  func looking(_ line: String) {
    let argv = line.split(separator: " ").map(String.init)
    switch QueryPolicy.check(argv) {
    case .allowed(let allowed):
      let ours = ["rg": ["--no-config"], "sort": ["-T", "/dev/null"]][argv[0]] ?? []
      #expect(allowed == [argv[0]] + ours + argv.dropFirst())
    case .refused(let reason): Issue.record("\(line): \(reason)")
    }
  }

  /// Devices that grep would open on its way along links.
  @Test(arguments: [["-R", "x", "/srv"], ["-niR", "x"], ["--dereference-recursive", "x", "."]])
  func followingLinks(_ arguments: [String]) {
    #expect(QueryPolicy.check(["grep"] + arguments) == .allowed(["grep", "-D", "skip"] + arguments))
  }

  /// What could write, run others or never end: what it would do, and what the refusal must name.
  @Test(arguments: [
    ("find . -exec rm {} ;", "-exec", "query that one"), ("find . -execdir ls {} +", "-execdir", "query that one"),
    ("find . -ok rm {} ;", "-ok", "query that one"),
    ("find . -okdir rm {} ;", "-okdir", "query that one"), ("find . -delete", "-delete", "only looks"),
    ("find . -fprint /tmp/x", "-fprint", "comes with the answer"),
    ("find . -fprint0 /tmp/x", "-fprint0", "comes with the answer"),
    ("find . -fprintf /tmp/x %p", "-fprintf", "comes with the answer"),
    ("find . -fls /tmp/x", "-fls", "comes with the answer"), ("find . -name -exec rm", "-exec", "query that one"),
    ("find -files0-from x", "-files0-from", "arguments"),
    ("find -D all .", "-D", "leave"), ("find . -name", "-name", "value"), ("find . -print etc", "etc", "before"),
    ("find . -frobnicate", "-frobnicate", "`find`"),
    ("find . -O3", "-O3", "`find`"), ("find . -newerxx y", "-newerxx", "`find`"), ("find -f /x .", "-f", "`find`"),
    ("sort -o out in", "-o", "comes with the answer"), ("sort -oout in", "-o", "comes with the answer"),
    ("sort --output=x", "--output", "comes with the answer"),
    ("sort --compress-program=sh", "--compress-program", "query that one"),
    ("sort --files0-from=x", "--files0-from", "argument"),
    ("sort -T /x", "-T", "comes with the answer"), ("sort --random-source=x", "--random-source", "argument"),
    ("sort f -o g", "-o", "comes with the answer"),
    ("sort -ro g", "-o", "comes with the answer"), ("sort -- -o g", "-o", "./-o"), ("sort +1 f", "+1", "-k"),
    ("tree -o x", "-o", "comes with the answer"), ("tree -ao x", "-o", "comes with the answer"),
    ("tree -R -L 2", "-R", "comes with the answer"), ("tree -Lo 2 x", "-Lo", "-L VALUE"),
    ("tree --fromfile x", "--fromfile", "argument"),
    ("rg --pre sh x", "--pre", "query that one"), ("rg --pre=sh x", "--pre", "query that one"),
    ("rg --hostname-bin=sh x", "--hostname-bin", "query that one"),
    ("rg -z x", "-z", "query that one"), ("rg -nz x", "-z", "query that one"), ("rg -f x", "-f", "argument"),
    ("uniq in out", "out", "comes with the answer"),
    ("uniq -- in out", "out", "comes with the answer"),
    ("uniq in -c", "-c", "options first"), ("uniq in --count", "--count", "options first"),
    ("uniq -c in out", "out", "comes with the answer"),
    ("file -C -m x", "-C", "comes with the answer"), ("file -m x y", "-m", "argument"),
    ("file -z x", "-z", "query that one"), ("file -bz x", "-z", "query that one"), ("file -p x", "-p", "times"),
    ("file -f list", "-f", "argument"), ("file -s /dev/sda", "-s", "`read`"),
    ("tail -f x", "-f", "`tail`"), ("tail -F x", "-F", "`tail`"), ("tail --follow=name x", "--follow", "`tail`"),
    ("tail -5f x", "-5", "`read`"),
    ("tail -qf x", "-f", "`tail`"), ("tail +5f x", "+5f", "-n"), ("tail --retry x", "--retry", "`tail`"),
    ("tail --pid=1 x", "--pid", "`tail`"),
    ("cat /dev/zero", "/dev/zero", "head -c"), ("cat //dev/./zero", "//dev/./zero", "head -c"),
    ("cat /etc/../dev/zero", "/etc/../dev/zero", "without `..`"),
    ("cat /dev/fd/../../kmsg", "/dev/fd/../../kmsg", "without `..`"),
    ("head -c 5 /var/run/../dev/sda", "/var/run/../dev/sda", "without `..`"), ("cat ../x", "../x", "without `..`"),
    ("grep -r x ..", "..", "without `..`"), ("cat dev/zero", "dev/zero", "reads files"),
    ("cat ./proc/kmsg", "./proc/kmsg", "reads files"), ("cat /proc/1/root/etc/hosts", "/proc/1/root", "reads files"),
    ("grep -r x /", "/", "name the folders"), ("grep -R x /sys/", "/sys/", "name the folders"),
    ("grep --recursive x /etc //proc", "//proc", "name the folders"), ("rg x /.", "/.", "name the folders"),
    ("grep -r x /proc/self", "/proc/self", "name the folders"),
    ("grep -r x /proc/12/net", "/proc/12/net", "name the folders"),
    ("grep -r x /sys/kernel/tracing/instances/a", "/sys/kernel/tracing/instances/a", "name the folders"),
    ("grep -d recurse x /", "/", "name the folders"), ("grep -drec x /proc", "/proc", "name the folders"),
    ("grep --directories=recurse x /sys", "/sys", "name the folders"),
    ("diff -N /proc /srv", "/proc", "name the folders"),
    ("diff -ru / /srv", "/", "name the folders"),
    ("cat ../../dev/random", "../../dev/random", "without `..`"), ("wc /dev/urandom", "/dev/urandom", "head -c"),
    ("head -n 5 /dev/zero", "/dev/zero", "head -c"),
    ("head -c -5 /dev/zero", "/dev/zero", "head -c"), ("head -c 5 -n 1 /dev/zero", "/dev/zero", "head -c"),
    ("head -c 5 -1 /dev/zero", "/dev/zero", "head -c"),
    ("tail -c 5 /dev/zero", "/dev/zero", "head -c"), ("grep x /dev/zero", "/dev/zero", "head -c"),
    ("grep -e x /dev/tty", "/dev/tty", "reads files"),
    ("diff /dev/zero f", "/dev/zero", "head -c"),
    ("cat /proc/self/root/dev/zero", "/proc/self/root/dev/zero", "reads files"),
    ("cat /proc/kmsg", "/proc/kmsg", "reads files"),
    ("sha256sum /dev/zero", "/dev/zero", "head -c"), ("sort /dev/stdin", "/dev/stdin", "reads files"),
    ("cat /sys/kernel/tracing/trace_pipe", "trace_pipe", "reads files"),
    ("head -c 1 /dev/watchdog", "/dev/watchdog", "reads files"),
    ("head -c 1 /proc/kmsg", "/proc/kmsg", "reads files"),
    ("grep -f x y", "-f", "argument"), ("grep --file=x y", "--file", "argument"), ("grep -rf x y", "-f", "argument"),
    ("grep -D read x y", "-D", "`read`"),
    ("grep -e -f x", "-e", "attach"), ("grep --exclude-from=x y", "--exclude-from", "argument"),
    ("wc --files0-from=x", "--files0-from", "argument"),
    ("du --files0-from=x", "--files0-from", "argument"), ("du -X x", "-X", "argument"),
    ("diff --from-file=a b", "--from-file", "argument"),
    ("diff -l a b", "-l", "query that one"), ("diff --paginate a b", "--paginate", "query that one"),
    ("df --sync", "--sync", "leave"),
    ("date -s 2020-01-01", "-s", "only looks"), ("date --set=x", "--set", "only looks"),
    ("date 010100002020", "010100002020", "clock"), ("date -f x", "-f", "argument"),
    ("date -us x", "-s", "only looks"), ("hostname evil", "evil", "argument"), ("hostname -F x", "-F", "only looks"),
    ("hostname -b x", "-b", "only looks"),
    ("free -s 1", "-s", "`tail`"), ("free -hs1", "-s", "`tail`"), ("ps axe", "axe", "ps aux"), ("true x", "x", "none"),
    ("sha256sum -c x", "-c", "argument"),
    ("env sh -c x", "env", "cannot write"), ("sh -c ls", "sh", "cannot write"), ("rm -rf /", "rm", "cannot write"),
    ("sudo cat /etc/shadow", "sudo", "cannot write"),
    ("xargs ls", "xargs", "cannot write"), ("awk 1", "awk", "cannot write"), ("sed -i x", "sed", "cannot write"),
    ("/bin/cat x", "/bin/cat", "write `cat`"), ("./grep x", "./grep", "write `grep`"),
    ("cat;rm x", "cat;rm", "cannot write"), ("$(reboot)", "$(reboot)", "cannot write"),
    ("ls --outp x", "--outp", "`read`"),
    ("grep -r --fil=x y", "--fil", "written out"),
  ])
  func refusing(_ line: String, _ option: String, _ advice: String) {
    let argv = line.split(separator: " ").map(String.init)
    guard case .refused(let reason) = QueryPolicy.check(argv) else {
      Issue.record("allowed: \(line)")
      return
    }
    #expect(reason.contains(option), "\(reason)")
    #expect(reason.contains(advice) || (advice == "written out" && reason.contains("write it out")), "\(reason)")
  }

  @Test func shellSyntaxInAnArgumentIsData() {
    #expect(
      QueryPolicy.check(["grep", "a;b $(c) `d` > e && f\ng", "file"])
        == .allowed(["grep", "a;b $(c) `d` > e && f\ng", "file"]))
    #expect(
      QueryPolicy.check(["cat", "a b", "it's", "x\ny", ";", ">", "&&"])
        == .allowed(["cat", "a b", "it's", "x\ny", ";", ">", "&&"]))
  }

  @Test func bounds() {
    for argv in [
      [], [""], ["cat", "a\0b"], Array(repeating: "cat", count: 257), ["cat", String(repeating: "x", count: 70_000)],
    ] {
      guard case .refused = QueryPolicy.check(argv) else {
        Issue.record("allowed: \(argv.count) arguments")
        return
      }
    }
  }

  @Test func theListIsTold() {
    for name in [
      "grep", "rg", "find", "ls", "tree", "cat", "head", "tail", "wc", "sort", "uniq", "diff", "stat", "file", "du",
      "df", "true", "uptime",
    ] {
      #expect(QueryPolicy.commands.contains(name))
    }
    guard case .refused(let reason) = QueryPolicy.check(["reboot"]) else {
      Issue.record("reboot is allowed")
      return
    }
    #expect(reason.hasPrefix("Command 'reboot' not allowed. Allowed commands: grep, rg, find"))
  }
}
