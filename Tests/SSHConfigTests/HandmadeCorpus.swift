import Testing

/// Configurations that are awkward in one way each.
struct CorpusEntry: Sendable, CustomTestStringConvertible {
  let name: String
  let config: String
  var files: [String: String] = [:]
  var aliases = ["alpha", "beta", "web1.example.com"]

  var testDescription: String { name }

  static let all: [CorpusEntry] = [
    .init(name: "empty", config: ""),
    .init(name: "only comments", config: "# a\n\n   # b\n\t\n"),
    .init(name: "top level before any Host", config: "User top\nHost alpha\n User low\n Port 2022\n"),
    .init(
      name: "first value wins", config: "Host alpha\n User one\nHost *\n User two\n Port 44\nHost alpha\n Port 55\n"),
    .init(name: "wildcards", config: "Host al*\n User star\nHost ?eta\n User mark\nHost *.example.com\n Port 99\n"),
    .init(name: "several patterns", config: "Host x alpha y\n User a\nHost beta gamma\n User b\n"),
    .init(name: "negation", config: "Host * !alpha\n User notalpha\nHost !beta\n Port 1\n"),
    .init(name: "negation first", config: "Host !alpha *\n User notalpha\nHost alpha !alpha\n Port 77\n"),
    .init(name: "negation with wildcard", config: "Host !*.example.com *\n User short\nHost *\n User long\n"),
    .init(name: "equals", config: "Host=alpha\nUser=eq\nPort = 2200\nHostName= other\nIdentitiesOnly =yes\n"),
    .init(name: "tabs and blanks", config: "\tHost\talpha \t\n \t User\t \tx\t\nHost  beta  alpha\n  Port\t7\n"),
    .init(name: "carriage returns", config: "Host alpha\r\n User crlf\r\n Port 12\r\n\r\n"),
    .init(name: "form feed at the end", config: "Host alpha\u{0C}\n User ff\u{0C}\n"),
    .init(name: "double quotes", config: "Host \"alpha\" \"be ta\"\n User \"two words\"\n IdentityFile \"~/a b\"\n"),
    .init(name: "single quotes", config: "Host 'alpha'\n User 'two words'\n"),
    .init(name: "escapes", config: "Host alpha\n User a\\\"b\n IdentityFile a\\ b\n HostKeyAlias x\\y\n"),
    .init(name: "quote in the middle", config: "Host alpha\n User a\"b c\"d\n"),
    .init(name: "quoted keyword", config: "\"Host\" alpha\n\"User\" x\n"),
    .init(name: "comment after value", config: "Host alpha # beta\n User x # y\n Port 5 #6\nHost beta#\n User z\n"),
    .init(name: "hash inside a word", config: "Host alpha\n User a#b\n HostName c#d\n"),
    .init(name: "keyword case", config: "hOsT alpha\n uSER x\n pOrT 9\n iDENTITYfILE ~/k\n"),
    .init(
      name: "host names keep their case for Host", config: "Host ALPHA\n User up\nHost alpha\n User low\n",
      aliases: ["ALPHA", "alpha", "Alpha"]),
    .init(
      name: "Match host ignores case", config: "Match host ALPHA\n User m\nMatch originalhost alpha\n Port 7\n",
      aliases: ["ALPHA", "alpha", "beta"]),
    .init(name: "HostName tokens", config: "Host alpha\n HostName %h.example.com\nHost beta\n HostName 100%%.%h\n"),
    .init(name: "unknown HostName token", config: "Host alpha\n HostName %n.x\n"),
    .init(name: "HostName upper case", config: "Host alpha\n HostName ALPHA.Example.COM\n"),
    .init(
      name: "HostName addresses", config: "Host alpha\n HostName 127.1\nHost beta\n HostName FE80::0:0001\n",
      aliases: [
        "alpha", "beta", "::1", "0:0:0::0:1", "2001:DB8:0:0:1:0:0:1", "10.0x10.1", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8",
      ]),
    .init(
      name: "Match host sees HostName",
      config: "Host alpha\n HostName beta.example.com\nMatch host beta.*\n User m\nMatch originalhost beta*\n Port 5\n"),
    .init(name: "Match all", config: "Match all\n User everyone\nHost alpha\n User late\n"),
    .init(name: "Match not all", config: "Match !all\n User nobody\n"),
    .init(
      name: "Match host and user",
      config: "Host alpha\n User bob\nMatch host alpha user bob\n Port 8\nMatch user root\n Port 9\n"),
    .init(name: "Match lists", config: "Match host alpha,web*,!web2*\n User l\nMatch host \"beta,gamma\"\n User q\n"),
    .init(name: "Match negated", config: "Match !host alpha\n User n\nMatch !user n\n Port 6\n"),
    .init(name: "Match localuser", config: "Match localuser root\n User lr\nMatch localuser !root,*\n User other\n"),
    .init(name: "Match with equals", config: "Match host=alpha user=root\n Port 61\n"),
    .init(name: "Match comment", config: "Match host alpha # host beta\n Port 61\n"),
    .init(name: "Match host all", config: "Match host alpha all\n Port 5\n"),
    .init(name: "Match two and all", config: "Match host alpha user root all\n Port 5\n"),
    .init(name: "Match all and host", config: "Match all host alpha\n Port 5\n"),
    .init(name: "Match without value", config: "Match host\n Port 5\n"),
    .init(name: "Match unknown", config: "Match planet mars\n Port 5\n"),
    .init(name: "Match canonical", config: "Match canonical\n User c\nMatch !canonical\n Port 9\n"),
    .init(name: "Match canonical all", config: "Match canonical all\n User c\n"),
    .init(name: "Match final", config: "Host alpha\n HostName beta\nMatch final\n User f\nHost beta\n Port 99\n"),
    .init(
      name: "Match final host",
      config:
        "Host alpha\n HostName %h.example.com\nMatch final host alpha.example.com\n User f\n IdentityFile one\nHost *\n IdentityFile two\n IdentityFile one\n"
    ),
    .init(name: "Match final with tokens", config: "Host alpha\n HostName x.%h\nMatch final all\n User late\n"),
    .init(name: "Match not final", config: "Match !final host alpha\n User first\nMatch final\n User second\n"),
    .init(
      name: "identity files accumulate",
      config: "Host alpha\n IdentityFile ~/one\n IdentityFile /two\nHost *\n IdentityFile three\n IdentityFile ~/one\n"),
    .init(
      name: "identity file none",
      config: "Host alpha\n IdentityFile none\n IdentityFile ~/x\nHost beta\n IdentityFile none\n"),
    .init(
      name: "identity agent",
      config:
        "Host alpha\n IdentityAgent ~/agent\nHost beta\n IdentityAgent none\nHost web*\n IdentityAgent SSH_AUTH_SOCK\n"),
    .init(
      name: "identity agent tokens",
      config: "Host alpha\n IdentityAgent %d/%n.%r.%p\nHost beta\n IdentityAgent $SOMEWHERE\n"),
    .init(
      name: "proxy jump",
      config: "Host alpha\n ProxyJump gate\nHost beta\n ProxyJump me@one:2200,two,[::1]:22\nHost *\n ProxyJump none\n"),
    .init(
      name: "proxy jump addresses", config: "Host alpha\n ProxyJump ssh://me@gate:99\nHost beta\n ProxyJump a@b@c\n"),
    .init(
      name: "proxy jump none first",
      config: "Host alpha\n ProxyJump none\nHost *\n ProxyJump gate\n ProxyCommand nc %h %p\n"),
    .init(name: "proxy command", config: "Host alpha\n ProxyCommand nc -X connect %h %p\nHost *\n ProxyJump gate\n"),
    .init(
      name: "proxy command none",
      config: "Host alpha\n ProxyCommand none\nHost *\n ProxyCommand nc %h %p\n ProxyJump gate\n"),
    .init(name: "proxy jump before command", config: "Host *\n ProxyJump gate\n ProxyCommand nc %h %p\n"),
    .init(name: "bad proxy jump", config: "Host alpha\n ProxyJump a,,b\n"),
    .init(name: "bad proxy jump port", config: "Host alpha\n ProxyJump gate:0\n"),
    .init(name: "host key alias", config: "Host alpha\n HostKeyAlias The-Key\n UserKnownHostsFile ~/%k.keys\n"),
    .init(
      name: "known hosts files",
      config:
        "Host alpha\n UserKnownHostsFile ~/kh1 /kh2\n GlobalKnownHostsFile /g1 /g2 /g3\nHost *\n UserKnownHostsFile none\n"
    ),
    .init(
      name: "known hosts tokens",
      config: "UserKnownHostsFile /kh/%h-%n-%p-%r-%u-%L-%l-%i-%d-%% /c/%C\nHost alpha\n Port 7\n User x\n"),
    .init(name: "known hosts variable", config: "UserKnownHostsFile ${HOME}/kh\n"),
    .init(name: "known hosts unset variable", config: "UserKnownHostsFile ${SCOUT_IS_NOT_SET}/kh\n"),
    .init(name: "known hosts none with others", config: "UserKnownHostsFile a none\n"),
    .init(
      name: "strict host key checking",
      config:
        "Host alpha\n StrictHostKeyChecking accept-new\nHost beta\n StrictHostKeyChecking OFF\nHost *\n StrictHostKeyChecking yes\n"
    ),
    .init(name: "bad strict host key checking", config: "StrictHostKeyChecking maybe\n"),
    .init(
      name: "times",
      config:
        "Host alpha\n ConnectTimeout 1m30\n ServerAliveInterval 2H\nHost beta\n ConnectTimeout 1w2d3h4m5s\nHost *\n ConnectTimeout +7\n"
    ),
    .init(name: "time none", config: "ConnectTimeout none\nServerAliveInterval none\nServerAliveInterval 5\n"),
    .init(name: "bad time", config: "ConnectTimeout 5x\n"),
    .init(name: "fractional time", config: "ConnectTimeout 1.5\n"),
    .init(name: "bad time in a block of another host", config: "Host nobody\n ConnectTimeout soon\n"),
    .init(name: "server alive count", config: "ServerAliveCountMax 0\n"),
    .init(name: "bad count", config: "ServerAliveCountMax 0x5\n"),
    .init(name: "ports", config: "Host alpha\n Port 022\nHost beta\n Port ssh\n"),
    .init(name: "port zero", config: "Port 0\n"), .init(name: "port too high", config: "Port 65536\n"),
    .init(name: "port hexadecimal", config: "Port 0x16\n"), .init(name: "port twice equal", config: "Port==5\n"),
    .init(
      name: "ciphers",
      config:
        "Host alpha\n Ciphers aes256-ctr,aes128-ctr\n MACs hmac-sha2-512\nHost beta\n Ciphers +3des-cbc\n MACs -*etm*,umac*\nHost *\n Ciphers ^aes256-gcm@openssh.com,aes256-ctr\n"
    ),
    .init(
      name: "key exchange",
      config:
        "Host alpha\n KexAlgorithms +diffie-hellman-group1-sha1\nHost beta\n KexAlgorithms -curve*\nHost *\n KexAlgorithms ^ecdh-sha2-nistp521\n"
    ),
    .init(
      name: "host key algorithms",
      config:
        "Host alpha\n HostKeyAlgorithms +ssh-rsa\nHost beta\n HostKeyAlgorithms -*cert*,ecdsa*\nHost *\n HostKeyAlgorithms ssh-ed25519,rsa*\n"
    ),
    .init(
      name: "pubkey algorithms",
      config: "Host alpha\n PubkeyAcceptedAlgorithms +ssh-rsa\nHost *\n PubkeyAcceptedKeyTypes ssh-ed25519\n"),
    .init(name: "repeated names in a list", config: "Ciphers aes256-ctr,aes256-ctr,aes128-ctr\n"),
    .init(
      name: "authentication",
      config:
        "PubkeyAuthentication no\nPasswordAuthentication no\nChallengeResponseAuthentication no\nPreferredAuthentications publickey,password\n"
    ),
    .init(
      name: "addresses",
      config: "Host alpha\n AddressFamily inet6\n BindAddress 127.0.0.1\nHost beta\n AddressFamily INET\n"),
    .init(name: "others", config: "Compression yes\nRequiredRSASize 2048\nIdentitiesOnly TRUE\n"),
    .init(
      name: "harmless keywords",
      config:
        "ForwardX11 yes\nControlMaster auto\nControlPath ~/.ssh/%C\nControlPersist 10m\nSendEnv LANG LC_*\nSetEnv A=b\nLocalForward 80 x:80\nVisualHostKey yes\nAddKeysToAgent yes\nGSSAPIAuthentication yes\nHashKnownHosts yes\nLogLevel DEBUG\n"
    ),
    .init(
      name: "deprecated keywords",
      config: "Protocol 2\nCipher blowfish\nUseRoaming no\nRSAAuthentication yes\nFallBackToRsh no\n"),
    .init(
      name: "unsupported keywords",
      config: "Host alpha\n CertificateFile ~/c\n RevokedHostKeys /r\nHost beta\n RevokedHostKeys none\n"),
    .init(name: "unknown keyword", config: "Host nobody\n Frobnicate yes\n"),
    .init(
      name: "unknown keyword ignored", config: "IgnoreUnknown frob*,x\nFrobnicate yes please\nX\nHost alpha\n User z\n"),
    .init(
      name: "unknown keyword ignored with arguments", config: "IgnoreUnknown frob*\nFrobnicate yes \"please\nUser z\n"),
    .init(name: "unknown keyword ignored by the first list only", config: "IgnoreUnknown a\nIgnoreUnknown b\nB 1\n"),
    .init(name: "missing value", config: "Host alpha\n User\n"), .init(name: "empty value", config: "User \"\"\n"),
    .init(name: "extra value", config: "User a b\n"), .init(name: "open quote", config: "User \"a\n"),
    .init(name: "open single quote", config: "User it's\n"), .init(name: "empty host", config: "Host\n"),
    .init(name: "empty host pattern", config: "Host \"\"\n"),
    .init(name: "bad flag", config: "IdentitiesOnly perhaps\n"),
    .init(name: "no newline at the end", config: "Host alpha\n User x\n Port 7"),
    .init(
      name: "include", config: "Include @DIR@/inc/*.conf\nHost *\n User last\n",
      files: [
        "inc/b.conf": "Host alpha\n User b\n", "inc/a.conf": "Host alpha\n User a\n",
        "inc/.hidden.conf": "User hidden\n", "inc/c.txt": "User txt\n",
      ]),
    .init(
      name: "include inside a Host", config: "Host alpha\n Include @DIR@/one\n Port 5\nHost *\n User last\n",
      files: ["one": "User inner\nHost beta\n User never\nHost *\n Port 9\n"]),
    .init(
      name: "include does not leak", config: "Host alpha\n Include @DIR@/one\n Port 5\n",
      files: ["one": "Host beta\n HostName x\n"]),
    .init(
      name: "include in a Match", config: "Match host alpha\n Include @DIR@/one @DIR@/two\n",
      files: ["one": "Match user root\n Port 3\n", "two": "User second\n"]),
    .init(name: "include of nothing", config: "Include @DIR@/none*\nInclude @DIR@/missing\nUser x\n"),
    .init(
      name: "include nested", config: "Include @DIR@/a\n",
      files: [
        "a": "Host alpha\n Include @DIR@/b\nHost beta\n User b\n", "b": "Include @DIR@/c\nPort 4\n",
        "c": "User deep\nMatch host beta\n User not\n",
      ]),
    .init(name: "include of itself", config: "Include @DIR@/a\n", files: ["a": "Include @DIR@/a\n"]),
    .init(name: "include with an error", config: "Host nobody\n Include @DIR@/a\n", files: ["a": "Nonsense 1\n"]),
    .init(
      name: "include with brackets", config: "Include @DIR@/h[0-2a]*\nInclude @DIR@/x[!z]\n",
      files: [
        "h1": "User one\n", "h3": "User three\n", "ha": "Port 2\n", "xy": "HostKeyAlias k\n",
        "xz": "ServerAliveInterval 3\n",
      ]),
    .init(
      name: "include with a final Match", config: "Host alpha\n HostName beta\n Include @DIR@/a\nHost beta\n Port 8\n",
      files: ["a": "Match final\n User f\n"]),
    .init(
      name: "include and ignored keywords", config: "IgnoreUnknown foo\nInclude @DIR@/a\n",
      files: ["a": "Foo 1\nUser x\n"]),
    .init(name: "long line", config: "Host alpha " + String(repeating: "x", count: 3000) + "\n User long\n"),
    .init(name: "star runs", config: "Host a**l*p*?a\n User s\nHost *?*?*\n Port 8\n"),
    .init(name: "user tokens stay", config: "User %r\nHost alpha\n HostKeyAlias %h\n"),
  ]
}
