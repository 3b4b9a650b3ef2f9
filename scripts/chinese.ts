import type { Dictionary } from './language';

/**
 * The tables' words in Chinese. n8n itself shows labels and options in English, so labels keep their
 * English name and are explained; a sentence stands without its full stop.
 */
export const chinese: Dictionary = {
	labels: {
		Provider: '平台',
		Model: '模型',
		'Custom Model': '自定义模型',
		Prompt: '提示词',
		'Reference Image URLs': '参考图链接',
		'Reference Image Fields': '参考图所在的字段',
		'Aspect Ratio': '画面比例',
		Width: '宽',
		Height: '高',
		Resolution: '分辨率',
		Quality: '画质',
		'Number of Images': '图片张数',
		'Continue When': '何时进入下一步',
		'Download Images': '下载图片',
		'Put Output in Field': '图片放入哪个字段',
		Output: '输出方式',
		'Output Items': '输出方式',
		Fields: '字段',
		'Ask for Count': '在提示词里写明张数',
		'Callback Data': '回调数据',
		'Callback URL': '回调地址',
		'Extra Body': '附加请求参数',
		'Max Images': '组图张数上限',
		'Prompt Optimization': '提示词优化',
		'Send Binary As': '图片发送方式',
		'Sequential Image Generation': '组图生成',
		Watermark: '水印',
		'Output Format': '图片格式',
		Background: '背景',
		'Web Search': '联网搜索',
		'Check References': '检查参考图链接',
		Concurrency: '并发数',
		'File Name': '文件名',
		'Poll Interval': '查询间隔',
		'Fall Back To': '备用平台',
		'Fall Back After Content Policy': '内容违规时也换平台',
		'Layers File': '图层文件',
		'Maximum Cost (USD)': '费用上限（美元）',
		'Remember in Data Table': '记录到数据表',
		'Reuse Recent Images': '沿用最近的图片',
		'Row Key': '行标识',
		Simplify: '精简输出',
		Timeout: '超时时间',
		'Task ID': '任务 ID',
		'API Key': 'API 密钥',
		'Base URL': '接口地址',
		'Files Base URL': '文件接口地址',
	},
	texts: {
		'Return up to ten fields per item': '每个数据项最多返回十个字段',
		"Return all fields, and the provider's response": '返回全部字段和平台的原始响应',
		'Return only the fields you choose': '只返回你选择的字段',
		'The fields to return to the agent': '返回给 Agent 的字段',
		// Headings
		Provider: '平台',
		Model: '模型',
		Resolution: '分辨率',
		'Images per row': '每行张数',
		'Reference images': '参考图张数',
		'List price per image': '每张标价',
		Field: '字段',
		Values: '可填内容',
		Description: '说明',
		'What it takes': '可填内容',
		"Provider's name": '平台参数名',
		Credential: '凭证',
		Default: '默认值',
		Code: '错误码',
		'What happened': '发生了什么',
		'What to do': '怎么办',
		Charged: '是否扣费',

		// Values
		no: '否',
		yes: '是',
		unknown: '不确定',
		text: '文本',
		'a JSON object': 'JSON 对象',
		'on or off; on by default': '开 / 关，默认开',
		'on or off; off by default': '开 / 关，默认关',
		'a number, {min} or more': '不小于 {min} 的数',
		'a whole number, {min} or more': '不小于 {min} 的整数',
		'{min} to {max}': '{min} 到 {max}',
		'default: {value}': '默认：{value}',
		'{option} (default)': '{option}（默认）',
		'{option}: {meaning}': '{option}：{meaning}',
		'see the table for the model': '取决于模型，见下文各模型的表格',
		'default for {names}: {value}': '{names} 默认 {value}',
		'only for {names}': '仅限 {names}',
		'not for {names}': '不适用于 {names}',
		'as a tool of an AI agent': '作为 AI Agent 的工具时',
		'when {field} is on': '{field} 打开时显示',
		'when {field} is {value}': '{field} 选 {value} 时显示',
		'{credits} credits': '{credits} 积分',
		'{text} ({detail})': '{text}（{detail}）',
		'{option}, or more than {pixels} pixels: {meaning}':
			'{option}，或总像素超过 {pixels}：{meaning}',
		'{price} per layer, up to {max}': '每个图层 {price}，最多 {max} 个',
		'plus {price} per reference image': '每张参考图另加 {price}',
		'plus {price} per task': '每个任务另加 {price}',
		'plus {price} per web search': '每次联网搜索另加 {price}',
		'at most {price} per row': '每行最多 {price}',
		'up to {max} layers': '最多 {max} 个图层',
		'{min} to {max} characters': '{min} 到 {max} 个字符',
		'optional, up to {max} characters': '可不填，不超过 {max} 个字符',
		'no documented limit': '平台没有公布上限',
		'{min} to {max} images': '{min} 到 {max} 张',
		'exactly {max}': '必须正好 {max} 张',
		'the node uploads them': '由节点上传',
		'n8n signs a link to them': '由 n8n 提供签名链接',
		'or a size in pixels': '或像素尺寸',
		'also: {names}': '也可写作：{names}',
		'each: {formats}; up to {size}; each side at least {side} pixels; up to {pixels} pixels in total; long side up to {ratio} times the short side':
			'每张：{formats}；不超过 {size}；每边不少于 {side} 像素；总像素不超过 {pixels}；长边不超过短边的 {ratio} 倍',
		'the node uploads them to the provider, which keeps them for {hours} hours: {formats}; up to {size}':
			'由节点上传到平台，平台保留 {hours} 小时：{formats}；不超过 {size}',
		'n8n signs a link for the provider, so it needs a public HTTPS address':
			'由 n8n 为平台生成签名链接，因此 n8n 必须有公网 HTTPS 地址',
		'not available for this model': '该模型不支持参考图',
		'or a size in pixels: {min} to {max} pixels in total, long side up to {ratio} times the short side':
			'或以像素指定尺寸：总像素 {min} 到 {max}，长边不超过短边的 {ratio} 倍',
		'a URL that starts with https://, up to {max} characters':
			'以 https:// 开头的地址，不超过 {max} 个字符',

		// Fields
		'Provider that generates the images': '由哪个平台生成图片',
		'Provider that calls back': '发送回调的平台',
		'Each has its own credential': '各平台的凭证不相同',
		'Each has its own credential, models and prices': '各平台的凭证、模型和价格都不相同',
		'Seedream version to use': '使用哪个版本的 Seedream',
		"The model ID from the provider's documentation": '平台文档里的模型 ID',
		"The node doesn't know this model's limits, so it only checks the type of each field":
			'节点不了解该模型的限制，因此只检查各字段的类型',
		'Describe the image, or how to change the reference images, in any language':
			'描述画面内容，或说明怎样修改参考图，中文、英文等语言均可',
		'Describe how to split the image, in any language': '说明怎样拆分图片，中文、英文等语言均可',
		'Leave it empty to let the model decide': '不填则由模型决定',
		'Splits an image into a base and up to 16 transparent layers':
			'把一张图片拆成一个底图和最多 16 个透明图层',
		"You pay for each of them, and can't know their number in advance":
			'底图和每个图层都要付费，事先无法知道会有多少个',
		'Public links to images to start from': '参考图的公开链接',
		'Separate them with commas, semicolons or new lines, or use a JSON array or an expression that returns an array':
			'多个链接用逗号、分号或换行分隔，也可以用 JSON 数组或返回数组的表达式',
		'The names of the input binary fields, separated by commas':
			'输入数据项的二进制字段名，多个用逗号分隔',
		"Images from binary fields to start from, added after those in 'Reference Image URLs'":
			'用这些字段里的图片作参考图，排在 Reference Image URLs 的图片之后',
		'An expression can also return binary data': '也可以用表达式直接返回二进制数据',
		"EvoLink's page for Seedream 4.0 lists only JPEG and PNG up to a ratio of 3:1, but its newer documentation allows more":
			'EvoLink 的 Seedream 4.0 页面只列出 JPEG 和 PNG，且长宽比不超过 3:1；但它较新的文档放宽了限制',
		'Shape of the image': '画面的长宽比',
		'"16 : 9", "16：9", "16/9" and "16:09" from a spreadsheet all count as 16:9':
			'从表格读取时，“16 : 9”“16：9”“16/9”和“16:09”都按 16:9 处理',
		'Also accepts a size in pixels, e.g. "2048×2048"': '也可以直接填写像素尺寸，例如“2048×2048”',
		'Auto uses the ratio of the reference image, so it needs one':
			'auto 沿用参考图的比例，因此必须有参考图',
		'In pixels': '单位为像素',
		'Size of the image': '图片的尺寸',
		'Not case-sensitive': '不区分大小写',
		'Number of images to generate from this prompt': '用这条提示词生成几张图片',
		'Text such as "3" from a spreadsheet works too': '来自表格的文本“3”也可以',
		'This is an upper limit: to get several images, also ask for them in the prompt, e.g. "generate 3 different images"':
			'这只是上限：要得到多张，提示词里也要写明，例如“生成 3 张不同的图片”',
		'You only pay for the images you get': '只按实际生成的张数扣费',
		'To get several images, add at least one reference image': '要得到多张，至少需要一张参考图',
		'Wait for the images and return them': '等图片生成后再输出',
		'Check every row and return what it would cost': '检查每一行，输出它要花多少钱',
		'Nothing is sent': '不会发送这些行',
		'Return the task ID immediately': '立即输出任务 ID',
		'Use Seedream Task Status to get the images later': '之后用 Seedream Task Status 取回图片',
		'Whether to download the image files into n8n': '是否把图片文件下载到 n8n',
		'Links expire after 24 hours': '链接 24 小时后失效',
		'The name of the output binary field to put the file in': '图片文件存放在哪个二进制字段',
		'Return each image as a separate item': '每张图片输出为一个单独的数据项',
		'Return all images of a task in one item, as data, data_1, data_2 and so on':
			'一个任务的所有图片放在同一个数据项里，字段依次为 data、data_1、data_2 等',
		'Whether to add a sentence to the prompt that asks for the number of images, in Chinese if the prompt is in Chinese, otherwise in English':
			'是否在提示词末尾补一句话写明张数：提示词是中文就补中文，否则补英文',
		'Public HTTPS URL that the provider calls when the task is done':
			'任务结束时平台回调的公网 HTTPS 地址',
		'APIMart appends /callback to this URL': 'APIMart 会在这个地址后面加上 /callback',
		"A JSON object that comes back with the callback, such as the row's ID":
			'随回调原样返回的 JSON 对象，例如这一行的 ID',
		'Seedream Trigger returns it as rowData': 'Seedream Trigger 输出时放在 rowData 里',
		'It can have up to 1,000 characters': '不超过 1,000 个字符',
		"The node adds it to 'Callback URL', signed with your API key: others can read it, but not change it":
			'节点把它附加在 Callback URL 后面，并用你的 API 密钥签名：别人看得到内容，但无法篡改',
		'A JSON object to merge into the request, for API parameters that the node has no field for':
			'合并进请求的 JSON 对象，用于节点没有对应字段的 API 参数',
		"It can't contain prompt or model": '其中不能有 prompt 和 model',
		"Maximum number of images in the set, if 'Sequential Image Generation' is Auto":
			'Sequential Image Generation 选 Auto 时，一组最多几张',
		'How the provider improves the prompt: Standard gives better results, Fast takes less time':
			'平台怎样优化提示词：Standard 效果更好，Fast 更快',
		'Upload the files to the provider, which keeps them for 72 hours':
			'把文件上传到平台，平台保留 72 小时',
		'Include the files in the request': '把文件直接放进请求',
		'Nothing is stored, but large files use more memory': '平台不存储，但大文件会占用更多内存',
		"How to send the images from 'Reference Image Fields' to the provider":
			'Reference Image Fields 里的图片怎样交给平台',
		"Use the provider's default": '使用平台的默认值',
		'Select Auto to generate a set of related images': '选 Auto 可生成一组相互关联的图片',
		'Whether the provider adds a watermark to the image': '平台是否在图片上加水印',
		'File format of the image': '图片的文件格式',
		'Only for the base: the other layers are PNG files': '只用于底图：其他图层都是 PNG 文件',
		'Select Transparent to keep the transparent areas of a reference image':
			'选 Transparent 可保留参考图的透明区域',
		"It needs exactly one reference, a PNG with transparent areas, and 'Output Format' PNG":
			'必须正好有一张参考图，它是带透明区域的 PNG，并且 Output Format 选 PNG',
		'Whether the model may search the web first, e.g. for current events':
			'模型是否可以先联网搜索，例如查找时事',
		'The provider charges for each search': '每次搜索平台都会收费',
		"Whether to check, before you're charged, that the reference links open and that the images are within the model's limits":
			'是否在扣费之前检查参考图链接能否打开、图片是否符合模型的限制',
		"Whether a row that the content policy blocks is also tried with the providers in 'Fall Back To'":
			'因违反内容规定被拦截的行，是否也用 Fall Back To 里的平台再试',
		'They usually block it, too': '它们通常也会拦截',
		'Other providers that generate a row if its own provider fails without charging you, in the order in which you select them':
			'如果本来的平台没有扣费就失败了，就由这些平台按选择的顺序生成这一行',
		'They use the same version of Seedream': '使用同一版本的 Seedream',
		"To select their credentials, switch 'Provider' to Expression":
			'要选择这些平台的凭证，把 Provider 切换到 Expression',
		'What this node may cost per execution, in US dollars, including retries and loops':
			'每次执行中该节点最多花多少美元，包括重试和循环',
		'0 = no limit': '0 表示不限',
		'Rows that might exceed it are rejected before anything is sent':
			'可能超出上限的行，在发送之前就会被拒绝',
		'Maximum number of tasks in progress at the same time': '最多同时进行多少个任务',
		'0 = as many as the provider accepts': '0 表示以平台能接受的数量为准',
		'Name of the files, without the extension': '文件名，不含扩展名',
		'Placeholders: {row}, {image}, {number}, {taskId}, {provider}, {model}, {prompt}, {date}':
			'可用占位符：{row}、{image}、{number}、{taskId}、{provider}、{model}、{prompt}、{date}',
		'Whether to also return a JSON file that describes the canvas and the layers, so that a design tool can put them together':
			'是否另外输出一个 JSON 文件，说明画布和各图层，供设计软件重新拼合',
		'Minimum seconds between status checks': '两次查询任务状态的最短间隔（秒）',
		'0 = automatic': '0 表示自动',
		'The name of an n8n data table to record every task in, with its image links and cost':
			'用来记录每个任务（连同图片链接和费用）的 n8n 数据表的名称',
		"The node creates it if it's missing": '没有这个表时，节点会新建',
		"With 'Reuse Recent Images', it also protects you from paying twice if n8n crashes, at every provider":
			'与 Reuse Recent Images 一起使用，n8n 崩溃时也不会重复付费，对每个平台都有效',
		'Requires n8n 2': '需要 n8n 2',
		'Every execution generates its own images': '每次执行都重新生成图片',
		'A row that requests the same as in another execution of this node in the last 24 hours gets the same images, and costs nothing':
			'如果该节点在过去 24 小时内的另一次执行里生成过内容相同的行，就沿用那些图片，不再付费',
		'Works with EvoLink, and with every provider if you remember tasks in a data table':
			'适用于 EvoLink；如果把任务记录到数据表，就适用于每个平台',
		'Whether to return images again that another execution has already paid for':
			'是否再次输出另一次执行已经付费的图片',
		"What identifies the row for 'Reuse Recent Images', such as the ID column of a sheet":
			'Reuse Recent Images 用什么来识别这一行，例如表格的 ID 列',
		'Without it, the position among equal rows decides': '不填则按它在相同的行里的位置来识别',
		'Whether to return a simplified version of the response instead of the raw data':
			'是否输出精简后的结果，而不是原始数据',
		'Maximum seconds to wait for a task': '等待一个任务的最长时间（秒）',
		'If a task takes longer, you can get its images with Seedream Task Status':
			'如果任务用时更长，可以用 Seedream Task Status 取回图片',
		'Task ID from Seedream Generate': 'Seedream Generate 输出的任务 ID',
		'Separate several with commas, semicolons or new lines, or use a JSON array or an expression that returns an array':
			'多个 ID 用逗号、分号或换行分隔，也可以用 JSON 数组或返回数组的表达式',
		'Check once and return the status, even if the task has failed':
			'只查询一次并输出状态，任务失败也照样输出',
		'Wait until the task is done': '等到任务结束',
		'If the task has failed, the row fails too': '如果任务失败，这一行也算失败',
		'Your API key from the EvoLink dashboard, under API Keys':
			'在 EvoLink 控制台的 API Keys 页面获取',
		'Your API key from the APIMart website, under API Keys': '在 APIMart 网站的 API Keys 页面获取',
		'Your API key from the API in One dashboard': '在 API in One 控制台获取',
		'It starts with aio_': '以 aio_ 开头',
		'Only change this if you connect through a proxy': '只有通过代理访问平台时才需要修改',
		'Where the node uploads reference images': '节点把参考图上传到这个地址',

		// Errors: what happened
		'The provider rejected the request': '平台拒绝了这个请求',
		"The provider didn't accept the API key": '平台不接受这个 API 密钥',
		'The provider reports that this account has no credits left': '平台提示账户余额不足',
		"The provider doesn't allow this API key to do that": '这个 API 密钥没有相应权限',
		"The provider doesn't recognize this task": '平台查不到这个任务',
		'The provider timed out waiting for the request': '平台等待请求超时',
		'The provider has an earlier request that conflicts with this one':
			'平台之前收到过一个与此冲突的请求',
		"The provider rejected the request because it's too large": '请求太大，平台不接受',
		'The provider is receiving too many requests': '请求过于频繁',
		"The provider can't reach its upstream service": '平台连不上它的上游服务',
		"The provider isn't available right now": '平台暂时不可用',
		'The provider got no response from its upstream service in time': '平台的上游服务没有及时响应',
		'The provider blocked the image because of its content policy': '内容违反平台规定，图片被拦截',
		"The provider couldn't use the parameters": '参数不符合平台要求',
		"The provider couldn't read a reference image": '平台读取不了某张参考图',
		"The provider couldn't use a reference image because of its size": '某张参考图的尺寸不符合要求',
		'The provider reports that the task was canceled': '平台提示任务已取消',
		'The provider generated no image for this prompt': '这条提示词没有生成出图片',
		'The provider stopped the task because it took too long': '生成时间过长，平台中止了任务',
		'The provider has no capacity left': '平台资源不足',
		'The provider has used up its quota': '平台的配额已用完',
		"The provider couldn't find something that the task needs": '平台找不到任务所需的资源',
		'The provider had an internal issue': '平台内部出错',
		"The provider wasn't available": '平台当时不可用',
		"The provider couldn't generate the image": '平台没能生成图片',
		"The provider couldn't generate the image and doesn't say why":
			'平台没能生成图片，也没有说明原因',
		'The provider is still processing an earlier request for this row':
			'这一行之前的请求，平台还在处理',
		"The provider doesn't know what happened to an earlier request for this row":
			'这一行之前的请求结果如何，平台自己也不清楚',
		'The provider already has another request for this row': '平台已收到过这一行的另一个请求',
		"The provider couldn't check whether it already has this request, and didn't generate anything":
			'平台无法确认是否已收到过这个请求，因此没有生成图片',
		'The provider reports that this API key has no credits left':
			'平台提示这个 API 密钥的额度已用完',
		"The provider isn't accepting any more requests from this API key today":
			'平台今天不再接受这个 API 密钥的请求',
		"The provider doesn't accept this API key for this request":
			'平台不接受用这个 API 密钥发送这个请求',
		'The provider has no capacity for this model right now': '这个模型暂时没有可用的资源',
		"The provider couldn't open a reference image": '平台打不开某张参考图',
		"The provider rejected the file because it's too large": '文件太大，平台不接受',
		"The provider doesn't accept files of this type": '平台不接受这种类型的文件',
		'The provider already stores too many of your files': '你在平台上存放的文件太多',
		"The provider couldn't use the file's URL": '平台无法使用这个文件的链接',
		"The provider couldn't store the file": '平台没能保存文件',
		"One or more fields in the row aren't valid; the message names each of them":
			'这一行填写有误；错误信息会列出每个有问题的字段',
		"The execution might have cost more than 'Maximum Cost (USD)' allows":
			'这次执行的费用可能会超过 Maximum Cost (USD)',
		"The node can't create, read or write the data table in 'Remember in Data Table'":
			'节点无法新建、读取或写入 Remember in Data Table 里的数据表',
		"No credential is selected for the row's provider, or for one in 'Fall Back To'":
			'这一行所用的平台，或 Fall Back To 里的平台，没有选择凭证',
		"n8n can't read the credential: it was deleted, or encrypted with another key":
			'n8n 读不出这个凭证：它已被删除，或是用另一个密钥加密的',
		"The 'Base URL' in the credential isn't a valid URL": '凭证里的 Base URL 不是有效的网址',
		"The 'Base URL' in the credential redirects to another URL":
			'凭证里的 Base URL 会跳转到另一个网址',
		'A reference image no longer exists': '参考图文件已经不在了',
		'The uploads of two different reference images returned the same link':
			'两张不同的参考图上传后，平台给出了同一个链接',
		"The node couldn't reach the provider": '连接不上平台',
		'The connection was interrupted before the provider responded': '平台还没有响应，连接就中断了',
		"The provider rejected so many rows before this one that the node didn't send it":
			'平台拒绝了前面的许多行，因此节点没有发送这一行',
		'An earlier attempt sent the row, and the response got lost':
			'之前发送过这一行，但没有收到平台的响应',
		'The queue of n8n 1 restarted the execution because its worker stopped responding, and the node may have sent the row before that':
			'worker 停止响应后，n8n 1 的队列重新启动了这次执行，而这一行可能在那之前已经发送过',
		'The task of an earlier attempt generated no image, and you may have been charged anyway':
			'之前的任务没有生成图片，但可能已经扣费',
		"The node doesn't understand the provider's response": '平台返回了节点无法识别的内容',
		"The task is taking longer than 'Timeout' allows, and is still running":
			'任务用时超过了 Timeout，仍在平台上运行',
		"The image was generated, but the node couldn't download it": '图片已生成，但下载失败',

		// Errors: what to do
		'Change the value that the message names, then try again': '按错误信息改正相应的值，然后重试',
		'Open the credential, paste the API key again and save it: n8n then tests the key':
			'打开凭证，重新粘贴 API 密钥并保存，n8n 会随即测试',
		'Top up the account, then try again': '充值后重试',
		"In the provider's dashboard, check that the API key can use this model":
			'到平台控制台确认该密钥可以使用这个模型',
		'Check the task ID, the provider and the account': '检查任务 ID、平台和账户是否正确',
		"Providers don't keep old tasks forever": '平台不会永久保留旧任务',
		"Check the provider's task list for the image": '到平台的任务列表里查看图片是否已经生成',
		'Use smaller reference images': '换用更小的参考图',
		'Use a smaller image': '换用更小的图片',
		'Use a JPEG, PNG, GIF or WebP image': '换用 JPEG、PNG、GIF 或 WebP 图片',
		"Delete files in the provider's dashboard, or wait: the provider deletes them after 72 hours":
			'到平台控制台删除文件，或等待：平台会在 72 小时后自动删除',
		"Links in 'Reference Image URLs' don't need an upload":
			'在 Reference Image URLs 里填写链接则不需要上传',
		"Lower the 'Concurrency' option, or try again later":
			'在 Options 里调低 Concurrency，或稍后重试',
		"Check the provider's status page, then try again later": '查看平台的状态页，稍后重试',
		'Try again later': '稍后重试',
		'Wait a few minutes, then select Retry on the Executions tab':
			'等几分钟，再到 Executions 页面点击 Retry',
		"It sends the request again with the same key, so you don't pay twice":
			'节点会用同一个幂等键再次发送请求，不会重复付费',
		"Check the provider's task list first: the image may be there":
			'先到平台的任务列表里核对，图片可能已经生成',
		"You may have been charged for that request: look for its image in the provider's task list":
			'那个请求可能已经扣费，到平台的任务列表里查找它的图片',
		'To generate this row anyway, run it in a separate execution':
			'如果仍要生成这一行，就在另一次执行里单独运行它',
		"Raise the key's limit in the provider's dashboard, or use another key":
			'到平台控制台调高密钥的额度，或换一个密钥',
		"Wait until the key's daily limit resets (usually at midnight), or raise the limit in the provider's dashboard":
			'等到每日上限重置（一般在零点），或到平台控制台调高上限',
		"Check the key in the provider's dashboard": '到平台控制台查看这个密钥',
		'It may be disabled or expired, or it may not be allowed to use this model or this IP address':
			'它可能已停用或过期，也可能不允许使用这个模型，或不允许从当前 IP 地址调用',
		'Try again later, or choose another model': '稍后重试，或换一个模型',
		'Reword the prompt, or use different reference images': '修改提示词，或换用其他参考图',
		"Check the fields against the model's limits": '对照模型的限制检查各字段',
		'Open the reference links in a private browser window: each one must show an image':
			'在浏览器的无痕窗口里打开参考图链接，每个都必须能直接看到图片',
		"Use reference images within the model's limits": '换用符合模型限制的参考图',
		'Try again': '重试',
		'Reword the prompt to describe the image more clearly': '修改提示词，把画面描述得更清楚',
		'If it happens every time, use a lower resolution': '如果每次都这样，就降低分辨率',
		"Check the account in the provider's dashboard, or try again later":
			'到平台控制台查看账户，或稍后重试',
		'Check that the reference links still work': '检查参考图链接是否仍然有效',
		'If it fails every time, change the prompt': '如果每次都失败，就修改提示词',
		'Correct the row': '改正这一行',
		"Raise 'Maximum Cost (USD)', or run the row again in another execution":
			'调高 Maximum Cost (USD)，或在另一次执行里重新运行这一行',
		"Use n8n 2 and a user who may edit data tables, or leave 'Remember in Data Table' empty":
			'使用 n8n 2 和有权编辑数据表的用户，或让 Remember in Data Table 留空',
		'Open the node and select one': '打开节点，选择一个凭证',
		'Open the node and select the credential again, or create a new one':
			'打开节点，重新选择凭证，或新建一个',
		"Open the credential and correct the 'Base URL'": '打开凭证，改正 Base URL',
		"Enter the new URL from the message as the 'Base URL' in the credential":
			'把错误信息中给出的新网址填进凭证的 Base URL',
		'Run the workflow again from the node that creates the file':
			'从生成这个文件的节点开始，重新运行工作流',
		"Check the base URL in the credential and your n8n's network connection":
			'检查凭证里的接口地址和 n8n 的网络连接',
		"Check the provider's task list before you send the row again":
			'先到平台的任务列表里核对，再重新发送这一行',
		"With `QUEUE_WORKER_MAX_STALLED_COUNT=0`, n8n doesn't restart executions":
			'设置 `QUEUE_WORKER_MAX_STALLED_COUNT=0` 后，n8n 不会重新启动执行',
		"Use links in 'Reference Image URLs' instead, or try again later":
			'改为在 Reference Image URLs 里填写链接，或稍后重试',
		"Check the provider's task list": '到平台的任务列表里核对',
		'Retry on the Executions tab generates the row again':
			'在 Executions 页面点击 Retry 会重新生成这一行',
		"Fetch it later with the Seedream Task Status node and the task ID, or raise the 'Timeout' option":
			'稍后用 Seedream Task Status 凭任务 ID 取回，或调大 Timeout',
		'Fetch it with the Seedream Task Status node and the task ID within 24 hours':
			'24 小时内用 Seedream Task Status 凭任务 ID 取回',
	},
};
