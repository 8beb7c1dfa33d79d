"""Which models are offered the file tools."""

from msgspec.structs import replace

from codex_rpc.managers.model_info import ModelInfo
from codex_rpc.model.port import FunctionToolSpec
from codex_rpc.tools.files.list_dir import ListDirTool
from codex_rpc.tools.files.read_file import ReadFileTool
from codex_rpc.tools.files.view_image import ViewImageTool
from codex_rpc.tools.plan_tool import PlanTool
from codex_rpc.tools.registry import ToolRegistry

MODEL = ModelInfo("m", "M")


def offered(model: ModelInfo) -> list[str]:
    specs = registry().specs(model)
    return [spec.name for spec in specs if isinstance(spec, FunctionToolSpec)]


def registry() -> ToolRegistry:
    return ToolRegistry(lambda: [PlanTool(), ViewImageTool(), ReadFileTool(), ListDirTool()])


def test_only_models_made_for_them_are_offered_the_tools_that_replace_a_shell() -> None:
    assert offered(MODEL) == ["update_plan", "view_image"]
    made_for = replace(MODEL, extra_tools=("list_dir",))
    assert offered(made_for) == ["update_plan", "view_image", "list_dir"]


def test_a_model_that_reads_only_text_is_offered_no_images() -> None:
    assert offered(replace(MODEL, modalities=("text",))) == ["update_plan"]


def test_all_of_them_can_be_called() -> None:
    for name in ("read_file", "list_dir", "view_image"):
        tool = registry().find(name)
        assert tool is not None
        assert tool.parallel
