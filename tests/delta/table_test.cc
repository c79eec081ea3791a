#include "delta/table.h"

#include <gmock/gmock.h>

#include "delta/checkpoint.h"
#include "delta_fixture.h"

namespace lakeward::delta {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kProtocol = R"({"protocol":{"minReaderVersion":1,"minWriterVersion":2}})";
constexpr const char* kMetadata =
    R"({"metaData":{"id":"1","format":{"provider":"parquet","options":{}},"schemaString":)"
    R"("{\"type\":\"struct\",\"fields\":[{\"name\":\"a\",\"type\":\"long\",\"nullable\":true,)"
    R"(\"metadata\":{}}]}","partitionColumns":[],"configuration":{}}})";

class DeltaLog : public DeltaTest {
 protected:
  void put_commit(Version version, const std::string& text) {
    must(store_.put(open_table().commit_path(version), text));
  }
  void put(const std::string& name, const std::string& text) {
    must(store_.put("t/_delta_log/" + name, text));
  }
  // A table of `commits` commits, one row each: 0, 1, 2, ….
  void make_table(int commits, TextMap properties = {}) {
    Table table = open_table();
    NewTable definition;
    definition.properties = std::move(properties);
    TableWriter writer = open_writer(table, "SELECT 1 AS a", definition);
    for (int i = 0; i < commits; ++i) {
      append(writer, "SELECT " + std::to_string(i) + " AS a", i);
    }
  }
  std::vector<std::string> log_names() {
    std::vector<std::string> names;
    for (const io::ObjectInfo& object : must(store_.list("t/_delta_log", ""))) {
      names.push_back(object.path.substr(std::string("t/_delta_log/").size()));
    }
    return names;
  }
  Status refusal() {
    const auto snapshot = open_table().snapshot();
    return snapshot.ok() ? ok_status() : snapshot.status();
  }
};

TEST_F(DeltaLog, SaysWhichVersionIsMissing) {
  make_table(4);
  must(store_.remove(open_table().commit_path(2)));
  EXPECT_EQ(refusal().code(), StatusCode::kCorruption);
  EXPECT_THAT(refusal().message(), HasSubstr("has version 3 but not version 2"));
  must(store_.remove(open_table().commit_path(0)));
  EXPECT_THAT(refusal().message(), HasSubstr("begins at version 1 without a checkpoint"));
}

TEST_F(DeltaLog, SaysWhichActionIsMissing) {
  put_commit(0, kProtocol);
  EXPECT_THAT(refusal().message(), HasSubstr("no metaData action"));
  put_commit(0, kMetadata);
  EXPECT_THAT(refusal().message(), HasSubstr("no protocol action"));
  put_commit(0, "");
  EXPECT_EQ(refusal().code(), StatusCode::kCorruption);
}

TEST_F(DeltaLog, IsReadWhateverTheHintSays) {
  make_table(25);
  Table table = open_table();
  for (const char* hint :
       {"", "nonsense", "{}", "[]", R"({"version":"10"})", R"({"version":-5})", R"({"version":10})",
        R"({"version":20})", R"({"version":24})", R"({"version":999999999999})"}) {
    SCOPED_TRACE(hint);
    put("_last_checkpoint", hint);
    EXPECT_EQ(must(table.snapshot()).files.size(), 25u);
    EXPECT_EQ(must(table.state()).txns.at("pipeline").version, 24);
    EXPECT_EQ(must(table.snapshot_at(Version{12})).files.size(), 13u);
  }
  must(store_.remove("t/_delta_log/_last_checkpoint"));
  EXPECT_EQ(must(table.snapshot()).files.size(), 25u);
}

TEST_F(DeltaLog, SaysWhichCheckpointIsDamaged) {
  make_table(12);
  put("00000000000000000010.checkpoint.parquet", "not Parquet at all");
  EXPECT_EQ(refusal().code(), StatusCode::kCorruption);
  EXPECT_THAT(refusal().message(), HasSubstr("00000000000000000010.checkpoint.parquet"));
  // An empty file is what a writer without atomic writes leaves: as good as none.
  put("00000000000000000010.checkpoint.parquet", "");
  EXPECT_EQ(must(open_table().snapshot()).files.size(), 12u);
}

TEST_F(DeltaLog, IgnoresFilesThatAreNotOfTheLog) {
  make_table(3);
  for (const char* name :
       {"00000000000000000001.crc", "readme.txt", "99999999999999999999.json", "1.json",
        "00000000000000000009.checkpoint.0000000002.0000000001.parquet",
        "00000000000000000002.checkpoint.0000000001.0000000002.parquet", "_commits"}) {
    put(name, "x");
  }
  EXPECT_EQ(must(open_table().snapshot()).files.size(), 3u);
}

TEST_F(DeltaLog, NamesAFileThatIsGone) {
  make_table(2);
  const Table table = open_table();
  const Snapshot snapshot = must(table.snapshot());
  must(store_.remove("t/" + snapshot.files[0].path));
  const auto scanned = scan(table, snapshot);
  EXPECT_EQ(scanned.status().code(), StatusCode::kCorruption);
  EXPECT_THAT(scanned.status().message(), HasSubstr(snapshot.files[0].path));
}

// A protocol action from "READER,WRITER" or "READER,WRITER,[reader features],[writer features]".
std::string protocol_action(const std::string& text) {
  std::vector<std::string> parts;
  size_t from = 0;
  int depth = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '[') ++depth;
    if (i < text.size() && text[i] == ']') --depth;
    if (i < text.size() && (text[i] != ',' || depth > 0)) continue;
    parts.push_back(text.substr(from, i - from));
    from = i + 1;
  }
  std::string json =
      "{\"protocol\":{\"minReaderVersion\":" + parts.at(0) + ",\"minWriterVersion\":" + parts.at(1);
  if (parts.size() > 2)
    json += ",\"readerFeatures\":" + parts.at(2) + ",\"writerFeatures\":" + parts.at(3);
  return json + "}}";
}

struct Refusal {
  const char* protocol;
  const char* configuration;
  const char* reading;  // "" if it can be read
  const char* writing;  // "" if it can be written
};

TEST_F(DeltaLog, RefusesWhatItCannotDoByName) {
  const Refusal cases[] = {
      {"1,2", "", "", ""},
      {"1,4", "", "", ""},
      {"2,6", "", "", ""},
      {"99,2", "", "version 99", "version 99"},
      {"1,8", "", "", "version 8"},
      {"3,7,[\"deletionVectors\"],[\"deletionVectors\"]", "",
       "needs the reader feature 'deletionVectors', which Lakeward cannot read yet",
       "'deletionVectors'"},
      {"3,7,[\"brandNew\"],[\"brandNew\"]", "", "'brandNew'", "'brandNew'"},
      {"3,7,[\"timestampNtz\",\"vacuumProtocolCheck\"],[\"timestampNtz\",\"vacuumProtocolCheck\"]",
       "", "", ""},
      {"1,7,null,[\"appendOnly\",\"invariants\",\"checkConstraints\"]", "", "", ""},
      {"1,7,null,[\"rowTracking\"]", "", "",
       "needs the writer feature 'rowTracking', which Lakeward cannot write yet"},
      {"1,7,null,[\"domainMetadata\"]", "", "", "'domainMetadata'"},
      {"2,5", R"("delta.columnMapping.mode":"name")", "'columnMapping'", "'columnMapping'"},
      {"2,5", R"("delta.columnMapping.mode":"none")", "", ""},
      {"1,3", R"("delta.constraints.positive":"a > 0")", "", "'checkConstraints'"},
      {"1,7,null,[\"appendOnly\"]", R"("delta.enableInCommitTimestamps":"true")", "",
       "'inCommitTimestamp'"},
  };
  for (const Refusal& item : cases) {
    SCOPED_TRACE(item.protocol);
    std::string metadata = kMetadata;
    const std::string empty = "\"configuration\":{}";
    metadata.replace(metadata.find(empty), empty.size(),
                     std::string("\"configuration\":{") + item.configuration + "}");
    put_commit(0, protocol_action(item.protocol) + "\n" + metadata);
    Table table = open_table();
    const auto snapshot = table.snapshot();
    EXPECT_EQ(snapshot.ok(), *item.reading == '\0');
    if (!snapshot.ok()) {
      EXPECT_EQ(snapshot.status().code(), StatusCode::kUnsupported);
      EXPECT_THAT(snapshot.status().message(), HasSubstr(item.reading));
      EXPECT_THAT(snapshot.status().message(), HasSubstr("lake/t"));
    }
    const auto writer = TableWriter::open(table, clock_);
    EXPECT_EQ(writer.ok(), *item.writing == '\0');
    if (!writer.ok()) {
      EXPECT_THAT(writer.status().message(), HasSubstr(item.writing));
    }
    EXPECT_EQ(must(table.history(10)).size(), 1u);
  }
}

TEST_F(DeltaLog, RefusesToWriteColumnsWithRulesThatItDoesNotKnow) {
  for (const auto& [key, feature] : {std::pair("delta.invariants", "invariants"),
                                     std::pair("delta.generationExpression", "generatedColumns"),
                                     std::pair("delta.identity.start", "identityColumns")}) {
    std::string metadata = kMetadata;
    const std::string empty = R"(\"metadata\":{})";
    metadata.replace(metadata.find(empty), empty.size(),
                     std::string(R"(\"metadata\":{\")") + key + R"(\":\"x\"})");
    put_commit(0, std::string(kProtocol) + "\n" + metadata);
    Table table = open_table();
    EXPECT_TRUE(table.snapshot().ok());
    EXPECT_THAT(TableWriter::open(table, clock_).status().message(), HasSubstr(feature));
  }
}

TEST_F(DeltaLog, RefusesFilesWithDeletionVectorsWhateverTheProtocolSays) {
  put_commit(0, std::string(kProtocol) + "\n" + kMetadata + "\n" +
                    R"({"add":{"path":"x","deletionVector":{"storageType":"u"}}})");
  EXPECT_EQ(refusal().code(), StatusCode::kUnsupported);
  EXPECT_THAT(refusal().message(), HasSubstr("'deletionVectors'"));
}

using DeltaCheckpoint = DeltaLog;

TEST_F(DeltaCheckpoint, HoldsWhatTheCommitsSaid) {
  make_table(31);
  Table table = open_table();
  const Snapshot with_commits = must(table.snapshot());
  EXPECT_EQ(with_commits.state.checkpoint, 30);
  // Only the newest checkpoint is left to read.
  for (Version version = 0; version <= 30; ++version) {
    must(store_.remove(table.commit_path(version)));
  }
  const Snapshot from_checkpoint = must(table.snapshot());
  EXPECT_EQ(from_checkpoint.state.protocol, with_commits.state.protocol);
  EXPECT_EQ(from_checkpoint.state.metadata, with_commits.state.metadata);
  EXPECT_EQ(from_checkpoint.state.txns, with_commits.state.txns);
  EXPECT_EQ(from_checkpoint.files, with_commits.files);
  EXPECT_EQ(rows(table).size(), 31u);
}

TEST_F(DeltaCheckpoint, DropsRemovedFilesAndKeepsYoungTombstones) {
  Table table = open_table();
  TableWriter writer = open_writer(table, "SELECT 1 AS a");
  for (int i = 0; i < 30; ++i) {
    CommitRequest request = append_request(writer, "SELECT " + std::to_string(i) + " AS a");
    if (i == 15 || i == 16) {
      request.kind = CommitRequest::Kind::kOverwrite;
      const Snapshot snapshot = must(table.snapshot());
      // The first overwrite happened a month ago: its tombstones have expired.
      const auto age = i == 15 ? std::chrono::hours(24 * 30) : std::chrono::hours(0);
      request.removes = remove_all(snapshot, clock_.now() + -Duration(age));
    }
    must(must(writer.commit(request)).maintenance);
  }
  for (Version version = 0; version <= 20; ++version) {
    must(store_.remove(table.commit_path(version)));
  }
  const Snapshot snapshot = must(table.snapshot());
  EXPECT_EQ(snapshot.files.size(), 14u);
  ASSERT_EQ(snapshot.removed.size(), 1u);
  EXPECT_EQ(rows(table, "SELECT min(a), max(a) FROM t"), std::vector<std::string>{"(16, 29)"});
}

TEST_F(DeltaCheckpoint, FollowsTheTablesInterval) {
  make_table(8, {{"delta.checkpointInterval", "3"}});
  const std::vector<std::string> names = log_names();
  EXPECT_THAT(names, testing::Contains("00000000000000000003.checkpoint.parquet"));
  EXPECT_THAT(names, testing::Contains("00000000000000000006.checkpoint.parquet"));
}

TEST_F(DeltaCheckpoint, NeverFailsTheCommit) {
  make_table(10);
  Table table = open_table();
  TableWriter writer = must(TableWriter::open(table, clock_));
  const CommitRequest request = append_request(writer, "SELECT 10 AS a");
  store_.inject({.call = 3, .when = test::Fault::kBefore, .crash = true});
  const CommitOutcome outcome = must(writer.commit(request));
  store_.heal();
  EXPECT_EQ(outcome.version, 10);
  EXPECT_FALSE(outcome.maintenance.ok());
  EXPECT_EQ(rows(table).size(), 11u);
}

TEST_F(DeltaCheckpoint, ReadsCheckpointsInParts) {
  make_table(12);
  // The same actions in two files, as other writers make them; one alone is no checkpoint.
  const std::string log =
      (folder_.path() / "lake/t/_delta_log/00000000000000000010.checkpoint").string();
  for (const int part : {1, 2}) {
    must(session_->execute("COPY (SELECT * FROM (SELECT *, row_number() OVER () AS n FROM '" + log +
                           ".parquet') WHERE n % 2 = " + std::to_string(part % 2) + ") TO '" + log +
                           ".000000000" + std::to_string(part) + ".0000000002.parquet'"));
  }
  must(store_.remove("t/_delta_log/00000000000000000010.checkpoint.parquet"));
  EXPECT_EQ(must(open_table().snapshot()).files.size(), 12u);
  EXPECT_EQ(must(open_table().snapshot()).state.checkpoint, 10);
  must(store_.remove("t/_delta_log/00000000000000000010.checkpoint.0000000002.0000000002.parquet"));
  EXPECT_EQ(must(open_table().snapshot()).state.checkpoint, std::nullopt);
  EXPECT_EQ(must(open_table().snapshot()).files.size(), 12u);
}

TEST_F(DeltaCheckpoint, LetsTheLogBeCleanedUpBehindIt) {
  make_table(25);
  Table table = open_table();
  const TableState state = must(table.state());
  must(clean_up_log(table, state, clock_.now()));
  EXPECT_EQ(must(table.earliest_commit()), 0);  // nothing is old enough
  const Timestamp later = clock_.now() + std::chrono::hours(24 * 40);
  must(clean_up_log(table, state, later));
  EXPECT_EQ(must(table.earliest_commit()), 20);
  EXPECT_EQ(must(table.snapshot()).files.size(), 25u);
  EXPECT_EQ(must(table.snapshot_at(Version{22})).files.size(), 23u);
  EXPECT_FALSE(table.snapshot_at(Version{15}).ok());
  EXPECT_THAT(log_names().front(), HasSubstr("00000000000000000020.checkpoint.parquet"));
}

TEST_F(DeltaCheckpoint, KeepsTheLogIfTheTableSaysSo) {
  make_table(12, {{"delta.enableExpiredLogCleanup", "false"}});
  Table table = open_table();
  must(clean_up_log(table, must(table.state()), clock_.now() + std::chrono::hours(24 * 400)));
  EXPECT_EQ(must(table.earliest_commit()), 0);
}

}  // namespace
}  // namespace lakeward::delta
