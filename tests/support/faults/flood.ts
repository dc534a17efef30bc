// Floods agents from a container of its own, in every way in turn: many requests on a connection, long and slow ones, answers that
// nobody takes, rubbish, and connections alone. It has half a processor, so that the machine stays usable.
import { docker } from "../docker.ts";

/** Each way for so long, seconds. */
const waySeconds = 2;

/** The ways, in the order in which they come. In Perl: what each connection sends. */
const ways: Readonly<Record<string, string>> = {
  scrapes: 'get("/metrics") x 2000',
  statuses: 'get("/status?fresh=1") x 2000',
  pages: 'get("/") x 2000',
  orders: 'order("/control/lease", 60000) x 20',
  headers: '"GET / HTTP/1.1\\r\\n" . ("X-A: " . ("a" x 1000) . "\\r\\n") x 2000',
  bodies:
    '"POST /control/lease HTTP/1.1\\r\\n${signed}Transfer-Encoding: chunked\\r\\n\\r\\n" . ("400\\r\\n" . ("x" x 1024) . "\\r\\n") x 4000',
  slow: '"POST /control/lease HTTP/1.1\\r\\n${signed}Content-Length: 60000\\r\\n\\r\\n" . ("x" x 60000)',
  deaf: 'get("/metrics") x 2000',
  idle: '""',
  churn: '""',
};

const program =
  `use strict; use warnings; use Socket; use Fcntl; use Errno qw(EINPROGRESS EAGAIN); use Time::HiRes qw(time);
my ($most, @targets) = @ARGV; $SIG{PIPE} = "IGNORE";
my $signed = "X-Postdock-Audience: x\\r\\nX-Postdock-Time: " . int(time * 1000) . "\\r\\nX-Postdock-Signature: " . ("ab" x 32) . "\\r\\n";
sub get { "GET $_[0] HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n" }
sub order { "POST $_[0] HTTP/1.1\\r\\n\${signed}Content-Length: $_[1]\\r\\n\\r\\n" . ("x" x $_[1]) }
my @ways = (${Object.entries(ways).map(([name, sends]) => `["${name}", ${sends}]`).join(", ")});
sub flood { my ($target, $way, $sends, $end) = @_;
  my ($opened, $answers) = (0, 0); my $address = sockaddr_in(8080, inet_aton($target)); my (%open, $in, $out); ($in, $out) = ("", "");
  my $drop = sub { my $n = shift; vec($in, $n, 1) = vec($out, $n, 1) = 0; close $open{$n}[0]; delete $open{$n} };
  while (time < $end) {
    for (1 .. 32) {
      last if keys %open >= $most; socket(my $s, PF_INET, SOCK_STREAM, 6) or last; fcntl $s, F_SETFL, O_NONBLOCK;
      connect($s, $address) || $!{EINPROGRESS} or last; my $n = fileno $s;
      $open{$n} = [$s, 0, 0]; vec($in, $n, 1) = vec($out, $n, 1) = 1; $opened++;
    }
    select my $r = $in, my $w = $out, undef, 0.02;
    for my $n (keys %open) { my $c = $open{$n};
      if (vec($r, $n, 1) && $way ne "deaf") {
        my $got = sysread $c->[0], my $said, 262144; if (!$got) { $drop->($n); next } $answers++ while $said =~ m{HTTP/1\\.1 }g;
      }
      next unless vec $w, $n, 1;
      if ($way eq "churn") { $drop->($n); next }
      if ($c->[1] >= length $sends) { vec($out, $n, 1) = 0; next }
      next if $way eq "slow" && time < $c->[2];
      my $put = syswrite $c->[0], $sends, ($way eq "slow" ? ($c->[1] ? 1 : 300) : 262144), $c->[1];
      if (defined $put) { $c->[1] += $put; $c->[2] = time + 0.2 } elsif (!$!{EAGAIN}) { $drop->($n) }
    }
    select undef, undef, undef, 0.02 if $way eq "slow" || $way eq "idle";
  }
  $drop->($_) for keys %open; printf "%s %s %d %d\\n", $target, $way, $opened, $answers;
}
$| = 1; my $begin = time;
for my $target (@targets) { next if fork; my $end = $begin; flood($target, @$_, $end += ${waySeconds}) for @ways; exit }
1 while wait > 0;`;

/** How often one way connected to one target, and how many answers it got. */
export interface Flooded {
  target: string;
  way: string;
  opened: number;
  answers: number;
}

/** Floods these addresses of a network at the same time, each by so many connections. Resolves once it is over, after 20 s. */
export async function flood(network: string, targets: readonly string[], connections: number): Promise<Flooded[]> {
  const place = [
    "run",
    "--rm",
    "--network",
    network,
    "--cpus",
    "0.5",
    "--entrypoint",
    "nice",
    "postdock/postgres:latest",
  ];
  const said = await docker([...place, "perl", "-e", program, String(connections), ...targets], 120_000);
  return said.trim().split("\n").map((line) => {
    const [target = "", way = "", opened, answers] = line.split(" ");
    return { target, way, opened: Number(opened), answers: Number(answers) };
  });
}

/** How many ways there are. */
export const waysToFlood = Object.keys(ways).length;
